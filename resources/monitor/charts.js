// Candles with fills, and equity with drawdown, by Lightweight Charts.

import {
  AreaSeries, CandlestickSeries, createChart, createSeriesMarkers, HistogramSeries, LineSeries,
} from "/monitor/vendor/lightweight-charts/lightweight-charts.standalone.production.mjs";
import { colour } from "./theme.js";

const seconds = (text) => Math.floor(Date.parse(text) / 1000);

function chartIn(place) {
  return createChart(place, { autoSize: true, ...looks() });
}

function looks() {
  return {
    layout: {
      background: { color: colour("ground") }, textColor: colour("text_3"), attributionLogo: false, fontSize: 11,
      fontFamily: "Inter, sans-serif", panes: { separatorColor: colour("hairline"), enableResize: false },
    },
    grid: { vertLines: { color: colour("grid") }, horzLines: { color: colour("grid") } },
    rightPriceScale: { borderColor: colour("hairline") },
    crosshair: {
      vertLine: { color: colour("border"), labelBackgroundColor: colour("border") },
      horzLine: { color: colour("border"), labelBackgroundColor: colour("border") },
    },
    timeScale: { borderColor: colour("hairline"), timeVisible: true, secondsVisible: false },
  };
}

// One mark a bar and side, with the number of its fills where there are several.
function marks(fills, intervalS) {
  const counts = new Map();
  for (const fill of fills) {
    const key = `${Math.floor(seconds(fill.time) / intervalS) * intervalS} ${fill.side}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return [...counts].map(([key, count]) => {
    const [time, side] = key.split(" ");
    const buy = side === "buy";
    return {
      time: +time,
      position: buy ? "belowBar" : "aboveBar",
      shape: buy ? "arrowUp" : "arrowDown",
      color: colour(buy ? "up_text" : "down_text"),
      size: 0.8,
      text: count > 1 ? String(count) : "",
    };
  }).sort((a, b) => a.time - b.time);
}

export class CandleChart {
  constructor(place) {
    this.chart = chartIn(place);
    this.candles = this.chart.addSeries(CandlestickSeries, { borderVisible: false });
    this.volume = this.chart.addSeries(HistogramSeries, {
      priceScaleId: "volume", priceFormat: { type: "volume" }, lastValueVisible: false, priceLineVisible: false,
    });
    this.volume.priceScale().applyOptions({ scaleMargins: { top: 0.87, bottom: 0 } });
    this.candles.priceScale().applyOptions({ scaleMargins: { top: 0.08, bottom: 0.16 } });
    this.markers = createSeriesMarkers(this.candles, []);
    this.shown = "";
    this.restyle();
  }

  restyle() {
    this.chart.applyOptions(looks());
    const [up, down] = [colour("up"), colour("down")];
    this.candles.applyOptions({ upColor: up, downColor: down, wickUpColor: up, wickDownColor: down });
  }

  // `shown` names symbol and timeframe: a new one is shown whole.
  draw(shown, bars, intervalS, decimals, fills) {
    const rows = bars.map((bar) => ({
      time: seconds(bar.close_time) - intervalS, open: +bar.open, high: +bar.high, low: +bar.low, close: +bar.close,
      volume: +bar.volume,
    }));
    this.candles.applyOptions({ priceFormat: { type: "price", precision: decimals, minMove: 10 ** -decimals } });
    this.candles.setData(rows);
    this.volume.setData(rows.map((row) => ({
      time: row.time, value: row.volume, color: (row.close >= row.open ? colour("up") : colour("down")) + "57",
    })));
    const first = rows[0]?.time ?? Infinity;
    const last = rows.at(-1)?.time ?? 0;
    this.markers.setMarkers(marks(fills, intervalS).filter((mark) => mark.time >= first && mark.time <= last));
    if (shown !== this.shown) {
      this.shown = shown;
      const count = Math.min(rows.length, 120);
      this.chart.timeScale().setVisibleLogicalRange({ from: rows.length - count, to: rows.length + 4 });
    }
  }
}

export class EquityChart {
  constructor(place) {
    this.chart = chartIn(place);
    this.equity = this.chart.addSeries(AreaSeries, { lineWidth: 1, priceLineVisible: false });
    this.peak = this.chart.addSeries(LineSeries, { lineWidth: 1, priceLineVisible: false, lastValueVisible: false });
    this.drawdown = this.chart.addSeries(AreaSeries, {
      lineWidth: 1, priceLineVisible: false, invertFilledArea: true,
      priceFormat: { type: "custom", minMove: 0.01, formatter: (value) => `${value.toFixed(2)} %` },
    }, 1);
    const [above, below] = this.chart.panes();
    above.setStretchFactor(3);
    below.setStretchFactor(1);
    this.restyle();
  }

  restyle() {
    this.chart.applyOptions(looks());
    const [up, down] = [colour("up"), colour("down")];
    this.equity.applyOptions({ lineColor: up, topColor: up + "38", bottomColor: up + "08" });
    this.peak.applyOptions({ color: colour("border") });
    this.drawdown.applyOptions({ lineColor: down, topColor: down + "10", bottomColor: down + "4d" });
  }

  draw(points) {
    const bySecond = new Map(points.map((point) => [seconds(point.time), +point.equity]));
    let peak = -Infinity;
    const rows = [...bySecond].sort(([a], [b]) => a - b).map(([time, value]) => {
      peak = Math.max(peak, value);
      return { time, value, peak, down: peak > 0 ? (100 * (value - peak)) / peak : 0 };
    });
    this.equity.setData(rows.map(({ time, value }) => ({ time, value })));
    this.peak.setData(rows.map((row) => ({ time: row.time, value: row.peak })));
    this.drawdown.setData(rows.map((row) => ({ time: row.time, value: row.down })));
    if (rows.length !== this.count) this.chart.timeScale().fitContent();
    this.count = rows.length;
  }
}

"""The candle chart: pyqtgraph view boxes and axes, with everything inside them painted by our own layers."""

"""An exchange for practice and tests that speaks Binance's spot and USD-M protocol on this machine."""

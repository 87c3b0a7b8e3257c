"""The library: text -> arrays -> graphs -> frames; it knows neither HTTP nor training."""

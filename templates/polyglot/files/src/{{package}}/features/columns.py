"""The columns that src/featurize.sql makes, in one place for those that read them."""

KEY = "day"
TARGET = "rain_tomorrow"
BASELINE = "rain_today"
FEATURES = (
    "rain_today",
    "precipitation",
    "temp_max",
    "temp_range",
    "wind",
    "rainy_days_of_week",
    "warming",
    "season_sine",
    "season_cosine",
)

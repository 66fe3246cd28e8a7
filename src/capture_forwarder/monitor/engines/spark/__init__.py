"""The same statements on Spark, in its dialect, for more rows than one machine looks at."""

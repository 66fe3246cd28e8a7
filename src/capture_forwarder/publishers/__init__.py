"""The platforms that rows go to, one module each. A platform's module is imported when used."""

"""Forward SageMaker Data Capture files to a model monitoring platform."""

__version__ = "0.1.0"

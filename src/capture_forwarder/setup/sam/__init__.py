"""What the template has to know, and the SAM CLI's settings as it reads them."""

# `sam build` tells a makefile build neither the architecture nor the runtime. The template therefore
# names, from its own resolved parameters, one folder of targets/ whose name is `RUNTIME-ARCHITECTURE`,
# and that folder's Makefile is this one.
PYTHON ?= python3
LAMBDA_PACKAGE := $(dir $(abspath $(lastword $(MAKEFILE_LIST))))
TARGET := $(notdir $(patsubst %/,%,$(dir $(abspath $(firstword $(MAKEFILE_LIST))))))

FUNCTIONS := ForwarderFunction MonitorFunction

.PHONY: $(FUNCTIONS:%=build-%)
$(FUNCTIONS:%=build-%): build-%:
	PYTHONPATH=$(LAMBDA_PACKAGE).. $(PYTHON) -m lambda_package.build --function $* --target $(TARGET) $(ARTIFACTS_DIR)

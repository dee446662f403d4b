# pydock from a checkout.  Every target wants root: a container engine does.
#
#   sudo make run     a shell in a container   (IMAGE=centos CMD=bash)
#   sudo make stop    end the daemon that `run` started; nothing stays mounted
#   sudo make test    install what the tests need and run all of them   (ARGS= for pytest)
#   sudo make bench   pydock against real Docker, in alternation        (ARGS= for the harness)

IMAGE ?= centos
CMD ?= bash

.PHONY: run stop test bench clean

run: .venv/.complete
	@packaging/checkout/run.sh "$(IMAGE)" $(CMD)

stop:
	@packaging/checkout/stop.sh

test: .venv/.complete
	@packaging/checkout/test.sh $(ARGS)

bench: .venv/.complete
	@packaging/checkout/bench.sh $(ARGS)

.venv/.complete: pyproject.toml packaging/checkout/venv.sh
	@packaging/checkout/venv.sh

clean: stop
	rm -rf .venv

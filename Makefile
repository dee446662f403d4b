# pydock from a checkout.  Every target wants root: a container engine does.
#
#   sudo make run            a shell in a container   (IMAGE=centos CMD=bash)
#   sudo make stop           end the daemon that `run` started; nothing stays mounted
#   sudo make test           install what the tests need and run all of them   (ARGS= for pytest)
#   sudo make test-cgroup2   the tests of control groups on an emulated machine with cgroup v2   (ARGS=)
#   sudo make bench          pydock against real Docker, in alternation        (ARGS= for the harness)

IMAGE ?= centos
CMD ?= bash

.PHONY: run stop test test-cgroup2 bench clean

run: .venv/.complete
	@packaging/checkout/run.sh "$(IMAGE)" $(CMD)

stop:
	@packaging/checkout/stop.sh

test: .venv/.complete
	@packaging/checkout/test.sh $(ARGS)

test-cgroup2: .venv/.complete
	@packaging/checkout/test_cgroup2.sh $(ARGS)

bench: .venv/.complete
	@packaging/checkout/bench.sh $(ARGS)

.venv/.complete: pyproject.toml packaging/checkout/venv.sh
	@packaging/checkout/venv.sh

clean: stop
	rm -rf .venv .cgroup2

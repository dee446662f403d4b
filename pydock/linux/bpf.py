"""bpf(2): load a device filter and attach it to a control group of version 2."""

import ctypes
from typing import Final

from pydock.linux.syscall import syscall

BPF_PROG_LOAD: Final = 5
BPF_PROG_ATTACH: Final = 8
BPF_PROG_TYPE_CGROUP_DEVICE: Final = 15
BPF_CGROUP_DEVICE: Final = 6
BPF_F_ALLOW_MULTI: Final = 2
INSTRUCTION_SIZE: Final = 8


class _Load(ctypes.Structure):
    """The part of union bpf_attr that BPF_PROG_LOAD reads."""

    _fields_ = (
        ("prog_type", ctypes.c_uint32),
        ("insn_cnt", ctypes.c_uint32),
        ("insns", ctypes.c_uint64),
        ("license", ctypes.c_uint64),
        ("log_level", ctypes.c_uint32),
        ("log_size", ctypes.c_uint32),
        ("log_buf", ctypes.c_uint64),
        ("kern_version", ctypes.c_uint32),
        ("prog_flags", ctypes.c_uint32),
        ("prog_name", ctypes.c_char * 16),
    )


class _Attach(ctypes.Structure):
    """The part of union bpf_attr that BPF_PROG_ATTACH reads."""

    _fields_ = (
        ("target_fd", ctypes.c_uint32),
        ("attach_bpf_fd", ctypes.c_uint32),
        ("attach_type", ctypes.c_uint32),
        ("attach_flags", ctypes.c_uint32),
    )


def _bpf(command: int, attributes: ctypes.Structure) -> int:
    size = ctypes.c_uint(ctypes.sizeof(attributes))
    return syscall("bpf", ctypes.c_int(command), ctypes.byref(attributes), size)


def load_device_filter(program: bytes) -> int:
    """BPF_PROG_LOAD of a BPF_PROG_TYPE_CGROUP_DEVICE program; returns its descriptor, close-on-exec."""
    instructions = ctypes.create_string_buffer(program, len(program))
    license_ = ctypes.create_string_buffer(b"Apache-2.0")
    attributes = _Load(
        prog_type=BPF_PROG_TYPE_CGROUP_DEVICE,
        insn_cnt=len(program) // INSTRUCTION_SIZE,
        insns=ctypes.addressof(instructions),
        license=ctypes.addressof(license_),
        prog_name=b"pydock_devices",
    )
    return _bpf(BPF_PROG_LOAD, attributes)


def attach_device_filter(cgroup: int, program: int) -> None:
    """BPF_PROG_ATTACH, BPF_CGROUP_DEVICE: the filter is in force as long as the group exists."""
    _bpf(BPF_PROG_ATTACH, _Attach(cgroup, program, BPF_CGROUP_DEVICE, BPF_F_ALLOW_MULTI))

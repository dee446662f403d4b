/* PID 1 under --init: runs the program, passes signals on to it, reaps orphans, ends as the program did.
 *
 * No C library, no data segment, one page.  The first variable of the environment is ours:
 * PYDOCK_EXEC=<descriptor>:<program>.  Arguments: a name, "--", the program's own.  The descriptor is the SEQPACKET
 * socket that the launcher listens on: "E" before the exec, "F" exec NUL errno NUL path NUL where it fails.
 * build.py compiles this for each machine.
 */

typedef unsigned long word;

#if defined(__x86_64__)
enum { SYS_write = 1, SYS_close = 3, SYS_rt_sigprocmask = 14, SYS_ioctl = 16, SYS_getpid = 39, SYS_clone = 56,
       SYS_execve = 59, SYS_wait4 = 61, SYS_kill = 62, SYS_fcntl = 72, SYS_setpgid = 109, SYS_rt_sigtimedwait = 128,
       SYS_prctl = 157, SYS_exit_group = 231 };

static inline long call(long n, word a, word b, word c, word d, word e)
{
	long result;
	register word r10 __asm__("r10") = d;
	register word r8 __asm__("r8") = e;
	__asm__ volatile("syscall" : "=a"(result) : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
			 : "rcx", "r11", "memory");
	return result;
}
__asm__(".globl _start\n_start: mov %rsp, %rdi\n and $-16, %rsp\n call start\n");
#elif defined(__aarch64__)
enum { SYS_write = 64, SYS_close = 57, SYS_rt_sigprocmask = 135, SYS_ioctl = 29, SYS_getpid = 172, SYS_clone = 220,
       SYS_execve = 221, SYS_wait4 = 260, SYS_kill = 129, SYS_fcntl = 25, SYS_setpgid = 154, SYS_rt_sigtimedwait = 137,
       SYS_prctl = 167, SYS_exit_group = 94 };

static inline long call(long n, word a, word b, word c, word d, word e)
{
	register word x8 __asm__("x8") = n;
	register word x0 __asm__("x0") = a;
	register word x1 __asm__("x1") = b;
	register word x2 __asm__("x2") = c;
	register word x3 __asm__("x3") = d;
	register word x4 __asm__("x4") = e;
	__asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4) : "memory");
	return x0;
}
__asm__(".globl _start\n_start: mov x0, sp\n bl start\n");
#endif

enum { SIG_BLOCK = 0, SIG_SETMASK = 2, SIGCHLD = 17, WNOHANG = 1, F_SETFD = 2, FD_CLOEXEC = 1, TIOCSPGRP = 0x5410,
       PR_SET_NAME = 15 };

#define BIT(signal) (1UL << ((signal) - 1))
/* faults of this process itself, and what job control sends to a background group: ILL TRAP ABRT BUS FPE SEGV TTIN TTOU SYS */
#define OWN (BIT(4) | BIT(5) | BIT(6) | BIT(7) | BIT(8) | BIT(11) | BIT(21) | BIT(22) | BIT(31))

static word append(char *buffer, word at, const char *text, word limit)
{
	while (*text && at < limit)
		buffer[at++] = *text++;
	return at;
}

static void run(int channel, const char *program, char **argv, char **envp)
{
	char message[4096];
	word none = 0, at, digits = 1;
	long error;
	int pid = call(SYS_getpid, 0, 0, 0, 0, 0);

	/* every signal is blocked here, SIGTTOU too, or taking the foreground would stop us */
	call(SYS_setpgid, 0, 0, 0, 0, 0);
	call(SYS_ioctl, 0, TIOCSPGRP, (word)&pid, 0, 0);
	call(SYS_rt_sigprocmask, SIG_SETMASK, (word)&none, 0, 8, 0);
	call(SYS_fcntl, channel, F_SETFD, FD_CLOEXEC, 0, 0);
	message[0] = 'E';
	call(SYS_write, channel, (word)message, 1, 0, 0);
	error = -call(SYS_execve, (word)program, (word)argv, (word)envp, 0, 0);
	at = append(message, 0, "Fexec", 64);
	message[at++] = 0;
	while (error / digits > 9)
		digits *= 10;
	for (; digits; digits /= 10)
		message[at++] = '0' + error / digits % 10;
	message[at++] = 0;
	at = append(message, at, argv[0], sizeof(message) - 2);
	message[at++] = 0;
	call(SYS_write, channel, (word)message, at, 0, 0);
	call(SYS_exit_group, 127, 0, 0, 0, 0);
}

void start(word *stack)
{
	char **argv = (char **)(stack + 1);
	char **envp = argv + stack[0] + 1;
	char *ours = envp[0] + sizeof("PYDOCK_EXEC=") - 1;
	char name[] = "docker-init";
	word all = ~0UL, wanted = ~OWN;
	int channel = 0, status;
	long child, signal, pid;

	while (*ours != ':')
		channel = channel * 10 + (*ours++ - '0');
	call(SYS_prctl, PR_SET_NAME, (word)name, 0, 0, 0);
	call(SYS_rt_sigprocmask, SIG_BLOCK, (word)&all, 0, 8, 0);
	child = call(SYS_clone, SIGCHLD, 0, 0, 0, 0);
	if (child == 0)
		run(channel, ours + 1, argv + 2, envp + 1);
	if (child < 0)
		call(SYS_exit_group, 125, 0, 0, 0, 0);
	call(SYS_close, channel, 0, 0, 0, 0);
	/* the faults must end this process, not hang it */
	wanted = OWN;
	call(SYS_rt_sigprocmask, 1 /* SIG_UNBLOCK */, (word)&wanted, 0, 8, 0);
	wanted = ~OWN;
	for (;;) {
		while ((pid = call(SYS_wait4, -1UL, (word)&status, WNOHANG, 0, 0)) > 0)
			if (pid == child)
				call(SYS_exit_group, status & 0x7f ? 128 + (status & 0x7f) : status >> 8 & 0xff, 0, 0, 0, 0);
		signal = call(SYS_rt_sigtimedwait, (word)&wanted, 0, 0, 8, 0);
		if (signal > 0 && signal != SIGCHLD)
			call(SYS_kill, child, signal, 0, 0, 0);
	}
}

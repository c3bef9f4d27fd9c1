/* Cloning the process behind the back of everything that could mind: no SIGCHLD, no atfork
 * handlers, nothing for the application's own waitpid(-1) to find. */
#define _GNU_SOURCE
#include "clone.h"

#include "clock.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef CLONE_PIDFD
#define CLONE_PIDFD 0x1000 /* linux/sched.h, since Linux 5.2 */
#endif
#ifndef SYS_close_range
#define SYS_close_range 436 /* since Linux 5.9, the same on every architecture */
#endif
/* Where close_range(2) is missing, descriptors are closed one by one, at most so many: the limit
 * may be a thousand million in a container. */
#define MOST_DESCRIPTORS 65536u

/* The descriptors from `first` to `last`. */
static void
close_between(unsigned first, unsigned last)
{
    struct rlimit limit;
    if (first > last || syscall(SYS_close_range, first, last, 0) == 0) {
        return;
    }
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur > MOST_DESCRIPTORS) {
        limit.rlim_cur = MOST_DESCRIPTORS;
    }
    for (unsigned descriptor = first; descriptor <= last && descriptor < limit.rlim_cur;
         descriptor++) {
        (void)close((int)descriptor); /* most are not open */
    }
}

/* A socket that stayed open here would keep its peer waiting after the application closed it. */
static void
close_all_but(int kept)
{
    if (kept < 0) {
        close_between(0, ~0u);
        return;
    }
    if (kept > 0) {
        close_between(0, (unsigned)kept - 1);
    }
    close_between((unsigned)kept + 1, ~0u);
}

/* No handler of the application may run here. The last two that glibc keeps for itself are
 * refused, and nobody sends them to this process. */
static void
reset_signals(void)
{
    struct sigaction action = {.sa_handler = SIG_DFL};
    sigset_t none;
    for (int number = 1; number <= SIGRTMAX; number++) {
        (void)sigaction(number, &action, NULL);
    }
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
}

/* When memory runs out the kernel shall take the copy and not the service (proc(5)). */
static void
volunteer_for_oom(void)
{
    int file = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (file >= 0) {
        (void)!write(file, "1000", 4); /* a kernel without it decides by itself */
        (void)close(file);
    }
}

/* If an extension's tp_traverse crashes here, nothing of it may be left but a signal number: no
 * core file, no report to the machine's crash handler (core(5)). */
static void
crash_quietly(void)
{
    struct rlimit none = {0, 0};
    (void)setrlimit(RLIMIT_CORE, &none);
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

/* A thread id or a lock of the C library is the parent's here: neither is relied on. */
static _Noreturn void
run_child(pid_t parent, void (*work)(void *), void *argument, int kept_descriptor)
{
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0 || getppid() != parent) {
        _exit(0); /* nobody is left to read the result */
    }
    reset_signals();
    close_all_but(kept_descriptor);
    volunteer_for_oom();
    crash_quietly();
    work(argument);
    _exit(0);
}

int
start_child(void (*work)(void *), void *argument, int kept_descriptor, struct child *child)
{
    sigset_t all, before;
    pid_t parent = getpid();
    int process = -1;
    uint64_t start = now_ns();
    (void)sigfillset(&all);
    int error = pthread_sigmask(SIG_BLOCK, &all, &before);
    if (error != 0) {
        return error;
    }
    /* The low byte of the flags is the signal that the parent gets at the end: none. */
#ifdef __s390x__
    long pid = syscall(SYS_clone, 0, CLONE_PIDFD, &process, 0, 0);
#else
    long pid = syscall(SYS_clone, CLONE_PIDFD, 0, &process, 0, 0);
#endif
    if (pid == 0) {
        run_child(parent, work, argument, kept_descriptor);
    }
    error = pid < 0 ? errno : 0;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error == 0 && process < 0) { /* before Linux 5.2 the flag means nothing */
        struct ended ended;
        (void)kill((pid_t)pid, SIGKILL);
        while (wait_for_child((pid_t)pid, &ended) == EINTR) {
        }
        return ENOSYS;
    }
    *child = (struct child){.pid = (pid_t)pid, .process = process, .pause_ns = now_ns() - start};
    return error;
}

static uint64_t
nanoseconds(struct timeval time)
{
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_usec * 1000u;
}

int
wait_for_child(pid_t pid, struct ended *ended)
{
    struct rusage usage;
    int status;
    /* A child without an exit signal is waited for with __WALL only (wait(2)). */
    if (wait4(pid, &status, __WALL, &usage) < 0) {
        return errno;
    }
    *ended = (struct ended){
        .exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1,
        .signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0,
        .cpu_ns = nanoseconds(usage.ru_utime) + nanoseconds(usage.ru_stime),
        .peak_rss_bytes = (uint64_t)usage.ru_maxrss * 1024u,
    };
    return 0;
}

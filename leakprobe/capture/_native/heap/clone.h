/* A copy of the process that does one piece of work and ends. Plain C: no Python here. */
#ifndef LEAKPROBE_HEAP_CLONE_H
#define LEAKPROBE_HEAP_CLONE_H

#include <stdint.h>
#include <sys/types.h>

struct child {
    pid_t pid;
    int process;        /* a pidfd */
    uint64_t pause_ns;  /* how long the caller was held */
};

struct ended {
    int exit_code;      /* -1: ended by a signal */
    int signal;         /* 0: none */
    uint64_t cpu_ns;    /* user and system */
    uint64_t peak_rss_bytes;
};

/* Starts a copy that runs `work(argument)` and then exits with 0. Of all open files it keeps only
 * `kept_descriptor` (-1: none). The caller's thread must live until the copy has ended: with that
 * thread, or with the process, the copy is killed (PR_SET_PDEATHSIG in prctl(2)).
 * Returns 0, or a number of errno. */
int start_child(void (*work)(void *), void *argument, int kept_descriptor, struct child *child);

/* Waits for its end. Returns 0, or a number of errno: EINTR too. */
int wait_for_child(pid_t pid, struct ended *ended);

#endif

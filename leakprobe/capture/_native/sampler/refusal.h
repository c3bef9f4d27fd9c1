/* Where sampling cannot be. */

#ifndef LEAKPROBE_SAMPLER_REFUSAL_H
#define LEAKPROBE_SAMPLER_REFUSAL_H

#include <stdbool.h>

/* Whether the current interpreter is the one that the process began with. */
bool is_main_interpreter(void);

/* Whether there are others beside it. */
bool has_sub_interpreters(void);

/* 1: tracemalloc is tracing; 0: it is not; -1: an exception is set. May run Python code. */
int tracemalloc_traces(void);

/* Stores why sampling cannot start now, in words, or NULL where it can; false: an exception is set. */
bool refusal_reason(const char **reason);

#endif

/* The sampling itself: when an allocation is sampled, and what becomes of the sample. */

#ifndef LEAKPROBE_SAMPLER_SAMPLING_H
#define LEAKPROBE_SAMPLER_SAMPLING_H

#include <Python.h>

#include "filter.h"

#include <stdbool.h>
#include <stdint.h>

/* Bytes left until the next sample. While nothing samples it is too far off to be reached, so that
 * the hooks need not ask whether anything does. */
extern int64_t sampling_countdown;

struct sampling_counters {
    uint64_t sampled, freed, lost, recycled;
};

/* Makes empty tables and begins; `tag` is a context variable or NULL. False: no memory. */
bool sampling_start(double mean_bytes, int frames, PyObject *tag);

/* Ends it and drops everything; may run Python code when it is done. */
void sampling_stop(void);

bool sampling_is_on(void);

void sampling_set_mean(double mean_bytes);

struct sampling_counters sampling_counters(void);

/* The epoch that runs now; it ends here and the next begins. */
uint32_t sampling_end_epoch(void);

/* In a forked child: draws numbers of its own. */
void sampling_after_fork(void);

/* Samples a block that was allocated and for which sampling_is_due said so; NULL: it could not be.
 * `asked` is what was asked for in its stead, at least `size`. */
void sampling_take(void *block, size_t size, size_t asked);

/* Drops the sample of a block for which filter_hit said that there may be one. */
void sampling_forget(void *block);

/* Charges the sample of such a block to whoever makes an object in it now. */
void sampling_charge_anew(void *block);

/* Counts bytes that are about to be allocated; whether they are to be sampled. The countdown is
 * atomic for the sake of other interpreters (sampling.c), which on the machines that CPython runs
 * on makes no difference to what is executed: load, subtract, store, branch. */
static inline bool
sampling_is_due(size_t size)
{
    int64_t left = __atomic_load_n(&sampling_countdown, __ATOMIC_RELAXED) - (int64_t)size;
    __atomic_store_n(&sampling_countdown, left, __ATOMIC_RELAXED);
    return left < 0;
}

#endif

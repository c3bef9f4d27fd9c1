/* Objects made in blocks that a free list kept, which the allocator never hears of. */

#ifndef LEAKPROBE_SAMPLER_RECYCLED_H
#define LEAKPROBE_SAMPLER_RECYCLED_H

#include <stdbool.h>

/* Whether to watch them while sampling is on; not, until it is said. */
void recycled_follow(bool wanted);

/* Watches them where that is wanted, unless somebody else's tracer is in place; called by each
 * reading, too, as tracemalloc takes the tracer away without asking. */
void recycled_watch(void);

void recycled_unwatch(void);

#endif

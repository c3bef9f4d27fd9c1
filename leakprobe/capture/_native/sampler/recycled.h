/* Objects made in blocks that a free list kept, which the allocator never hears of. */

#ifndef LEAKPROBE_SAMPLER_RECYCLED_H
#define LEAKPROBE_SAMPLER_RECYCLED_H

/* Watches them while sampling is on, unless somebody else's tracer is in place; called at the start
 * and by each reading, as tracemalloc takes the tracer away without asking. */
void recycled_watch(void);

void recycled_unwatch(void);

#endif

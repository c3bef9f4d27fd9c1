/* What nodes are called. */
#ifndef LEAKPROBE_HEAP_TITLES_H
#define LEAKPROBE_HEAP_TITLES_H

#include "walk.h"

/* The name of a module, class, function, frame or generator, also of a module's namespace; a repr
 * of an atom where the request reveals it; NO_STRING for anything else. */
uint32_t title_of(const struct walk *walk, uint32_t node);

enum thing thing_of(const struct walk *walk, uint32_t node);

#endif

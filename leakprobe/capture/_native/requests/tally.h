/* What is known of the requests of one route. */

#ifndef LEAKPROBE_REQUESTS_TALLY_H
#define LEAKPROBE_REQUESTS_TALLY_H

#include <Python.h>

#include <stdbool.h>

typedef struct tally Tally;

/* The type of tallies, to be readied once. */
extern PyTypeObject tally_type;

/* Counts one request. Allocates nothing and runs no Python code. */
void tally_note(Tally *tally, double seconds, bool failed);

#endif

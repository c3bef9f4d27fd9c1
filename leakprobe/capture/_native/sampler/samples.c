/* The table of live samples: open addressing with linear probing.
 *
 * A sample is removed by shifting back those that follow (Knuth, The Art of Computer Programming,
 * volume 3, 6.4, algorithm R), so that no tombstones pile up while samples come and go. */

#include "samples.h"

#include "filter.h"

#include <stdlib.h>
#include <string.h>

enum { PLACES_AT_FIRST = 1 << 10 };

uint8_t filter_counters[FILTER_SIZE];
uint64_t filter_bits[FILTER_SIZE / FILTER_WORD_BITS];

static struct sample *table;
static size_t places; /* a power of two */
static size_t live;
static size_t padding; /* of all samples */

static size_t
home_of(const void *block)
{
    return (size_t)((((uintptr_t)block >> 4) * 0x9E3779B97F4A7C15u) >> 32) & (places - 1);
}

static size_t
after(size_t place)
{
    return (place + 1) & (places - 1);
}

static size_t
free_place(const void *block)
{
    size_t place = home_of(block);
    while (table[place].block != NULL) {
        place = after(place);
    }
    return place;
}

static bool
resize(size_t new_places)
{
    struct sample *new_table = calloc(new_places, sizeof *new_table);
    if (new_table == NULL) {
        return false;
    }
    struct sample *old_table = table;
    size_t old_places = places;
    table = new_table;
    places = new_places;
    for (size_t place = 0; place < old_places; place++) {
        if (old_table[place].block != NULL) {
            table[free_place(old_table[place].block)] = old_table[place];
        }
    }
    free(old_table);
    return true;
}

bool
samples_open(void)
{
    return resize(PLACES_AT_FIRST);
}

void
samples_close(void)
{
    for (size_t place = 0; place < places; place++) {
        if (table[place].block != NULL) {
            request_release(table[place].request);
        }
    }
    free(table);
    table = NULL;
    places = 0;
    live = 0;
    padding = 0;
    memset(filter_counters, 0, sizeof filter_counters);
    memset(filter_bits, 0, sizeof filter_bits);
}

struct sample *
samples_find(const void *block)
{
    if (places == 0) {
        return NULL;
    }
    for (size_t place = home_of(block); table[place].block != NULL; place = after(place)) {
        if (table[place].block == block) {
            return &table[place];
        }
    }
    return NULL;
}

bool
samples_add(const struct sample *sample)
{
    /* At most half full; where there is no memory, fuller, but never without a free place. */
    if ((live + 1) * 2 > places && !resize(places * 2) && live + 2 > places) {
        return false;
    }
    table[free_place(sample->block)] = *sample;
    live++;
    padding += sample->padding;
    filter_add(sample->block);
    return true;
}

void
samples_remove(struct sample *sample)
{
    filter_remove(sample->block);
    request_release(sample->request);
    live--;
    padding -= sample->padding;
    size_t hole = (size_t)(sample - table);
    table[hole].block = NULL;
    for (size_t place = after(hole); table[place].block != NULL; place = after(place)) {
        size_t home = home_of(table[place].block);
        /* It may move into the hole unless its home lies between the two, in cyclic order. */
        if (((place - home) & (places - 1)) >= ((place - hole) & (places - 1))) {
            table[hole] = table[place];
            table[place].block = NULL;
            hole = place;
        }
    }
}

size_t
samples_live(void)
{
    return live;
}

const struct sample *
samples_places(size_t *count)
{
    *count = places;
    return table;
}

void
samples_shrink(void)
{
    size_t wanted = places;
    while (wanted > PLACES_AT_FIRST && live * 16 < wanted) {
        wanted /= 2;
    }
    if (wanted < places) {
        (void)resize(wanted); /* without memory for a smaller table the larger one serves */
    }
}

size_t
samples_bytes(void)
{
    return places * sizeof *table + sizeof filter_counters + sizeof filter_bits + padding;
}

/* The strings that each request is asked for by, made once so that a look-up is a comparison of
 * pointers. They are never given back: the module is loaded once, by the main interpreter. */

#include "names.h"

#include <stddef.h>

struct names names;

static const struct {
    PyObject **name;
    const char *text;
} texts[] = {
    {&names.counted, "leakprobe.counted"},
    {&names.endpoint, "endpoint"},
    {&names.fastapi, "fastapi"},
    {&names.context, "effective_route_context"},
    {&names.http, "http"},
    {&names.method, "method"},
    {&names.new_tag, "new_tag"},
    {&names.path, "path"},
    {&names.resolve, "resolve"},
    {&names.route, "route"},
    {&names.type, "type"},
};

bool
names_make(void)
{
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (*texts[i].name == NULL) {
            *texts[i].name = PyUnicode_InternFromString(texts[i].text);
        }
        if (*texts[i].name == NULL) {
            return false;
        }
    }
    return true;
}

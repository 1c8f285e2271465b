/* "Did you mean …?" */
#ifndef BASE_SUGGEST_H
#define BASE_SUGGEST_H

/* The word of the NULL-terminated list that is nearest to `word`, if near
 * enough for a slip of the pen; else NULL. */
const char *suggest_nearest(const char *word, const char *const *known);

#endif

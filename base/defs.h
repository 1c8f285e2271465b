/* The language extensions this code base allows itself (gcc and clang). */
#ifndef BASE_DEFS_H
#define BASE_DEFS_H

/* fn(&var) runs when var leaves its scope; fn must accept a null inside. */
#define CLEANUP(fn) __attribute__((cleanup(fn)))

/* Move an owned pointer out of a variable and leave NULL there. */
#define TAKE(p)                                                                \
	({                                                                     \
		__typeof__(p) moved_ = (p);                                    \
		(p) = NULL;                                                    \
		moved_;                                                        \
	})

#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))
#define UNUSED __attribute__((unused))
#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

#endif

#include "base/err.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int err_set(struct err *err, int code, const char *fmt, ...)
{
	va_list args;

	assert(code < 0);
	err->code = code;
	va_start(args, fmt);
	vsnprintf(err->msg, sizeof(err->msg), fmt, args);
	va_end(args);
	return code;
}

int err_wrap(struct err *err, const char *fmt, ...)
{
	char what[sizeof(err->msg)];
	va_list args;

	assert(err->code < 0);
	memcpy(what, err->msg, sizeof(what));
	va_start(args, fmt);
	vsnprintf(err->msg, sizeof(err->msg), fmt, args);
	va_end(args);

	size_t n = strlen(err->msg);
	snprintf(err->msg + n, sizeof(err->msg) - n, ": %s", what);
	return err->code;
}

int err_exit_code(int code)
{
	switch (code) {
#define ERR_EXIT(name, value, exit, text)                                      \
	case value:                                                            \
		return exit;
		ERR_CODES(ERR_EXIT)
#undef ERR_EXIT
	default:
		return code == 0 ? 0 : 1;
	}
}

const char *err_code_name(int code)
{
	switch (code) {
#define ERR_NAME(name, value, exit, text)                                      \
	case value:                                                            \
		return #name;
		ERR_CODES(ERR_NAME)
#undef ERR_NAME
	default:
		return "unknown";
	}
}

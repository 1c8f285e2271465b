#include "base/secret.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"

int secret_read(const char *path, char **ret, struct err *err)
{
	char *bytes = NULL;
	size_t n = 0;
	int rc = file_read(path, SECRET_MAX, &bytes, &n, err);

	if (rc != 0)
		return rc;
	if (n && bytes[n - 1] == '\n')
		n--;
	if (n && bytes[n - 1] == '\r')
		n--;
	bytes[n] = '\0';
	if (n == 0)
		rc = err_set(err, ERR_CONFIG, "%s: is empty", path);
	for (size_t i = 0; rc == 0 && i < n; i++)
		if ((unsigned char)bytes[i] < ' ')
			rc = err_set(err, ERR_CONFIG,
				     "%s: its content has a control character",
				     path);
	if (rc != 0)
		secret_free(bytes);
	else
		*ret = bytes;
	return rc;
}

void secret_free(char *secret)
{
	if (secret)
		explicit_bzero(secret, strlen(secret));
	free(secret);
}

void secret_freep(char **secret)
{
	secret_free(*secret);
}

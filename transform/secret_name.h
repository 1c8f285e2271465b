/* Does a column's name say that its values are nobody's business?
 *
 * For columns that nobody has looked at, as an extension adds them: passwords,
 * tokens, keys, card and bank data, addresses of clients. Such a column goes
 * nowhere by itself; who wants it maps it by name. Columns that Magento
 * itself has are listed in the mapping instead (magento.yaml, exclude). */
#ifndef TRANSFORM_SECRET_NAME_H
#define TRANSFORM_SECRET_NAME_H

#include <stdbool.h>

bool secret_name(const char *column); /* ASCII case is ignored */

#endif

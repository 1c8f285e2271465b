#include "router/admission.h"

#include "router/router.h"

bool admission_take(struct router *router, enum admission_kind kind)
{
	int64_t most = router->magento_most;
	int busy = atomic_fetch_add(&router->magento_busy, 1);

	switch (kind) {
	case ADMISSION_WRITE:
		return true;
	case ADMISSION_READ:
		return busy < most - most / 10;
	case ADMISSION_FALLEN:
		break;
	}
	return busy < most - most / 5;
}

void admission_give(struct router *router)
{
	atomic_fetch_sub(&router->magento_busy, 1);
}

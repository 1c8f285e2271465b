#include "cdc/binlog/digits.h"

#define DIGIT(n) ((uint32_t)('0' + (n) % 10))
#define ONE_TEXT(n) (DIGIT(n) | UINT32_C(1) << 24)
#define TWO_TEXT(n) (DIGIT((n) / 10) | DIGIT(n) << 8 | UINT32_C(2) << 24)
#define THREE_TEXT(n)                                                          \
	(DIGIT((n) / 100) | DIGIT((n) / 10) << 8 | DIGIT(n) << 16 |            \
	 UINT32_C(3) << 24)
#define TEXT(n)                                                                \
	((n) < 10 ? ONE_TEXT(n) : (n) < 100 ? TWO_TEXT(n) : THREE_TEXT(n))
#define FIVE(n)                                                                \
	TEXT(n), TEXT((n) + 1), TEXT((n) + 2), TEXT((n) + 3), TEXT((n) + 4)
#define TWENTY(n) FIVE(n), FIVE((n) + 5), FIVE((n) + 10), FIVE((n) + 15)
#define HUNDRED(n)                                                             \
	TWENTY(n), TWENTY((n) + 20), TWENTY((n) + 40), TWENTY((n) + 60),       \
		TWENTY((n) + 80)

const uint32_t digits_small[DIGITS_SMALL_END] = {
	HUNDRED(0),   HUNDRED(100), HUNDRED(200), HUNDRED(300), HUNDRED(400),
	HUNDRED(500), HUNDRED(600), HUNDRED(700), HUNDRED(800), HUNDRED(900),
};

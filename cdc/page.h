/* The live page, page.html, as the build embeds it. */
#ifndef CDC_PAGE_H
#define CDC_PAGE_H

extern const char cdc_page[];

#endif

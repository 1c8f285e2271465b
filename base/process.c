#include "base/process.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/str.h"

/* proc(5): the fields of /proc/self/stat behind the name, from the third. */
enum {
	FIELD_UTIME = 11,
	FIELD_STIME = 12,
	FIELD_START = 19,
	FIELD_VSIZE = 20,
	FIELD_RSS = 21,
	FIELDS
};

static double clock_seconds(clockid_t clock)
{
	struct timespec now = { 0 };

	clock_gettime(clock, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void read_stat(struct process_facts *ret)
{
	char text[1024];
	double fields[FIELDS] = { 0 };
	double ticks = (double)sysconf(_SC_CLK_TCK);
	FILE *file = fopen("/proc/self/stat", "re");

	if (!file)
		return;
	size_t n = fread(text, 1, sizeof(text), file);
	fclose(file);
	/* The name is in brackets and may have brackets and blanks. */
	const char *end = memrchr(text, ')', n);
	if (!end || end + 2 >= text + n)
		return;

	struct str rest = { end + 2, (size_t)(text + n - end - 2) };
	for (int i = 0; i < FIELDS && rest.n; i++) {
		uint64_t number;

		if (str_to_u64(str_split(&rest, ' '), &number))
			fields[i] = (double)number;
	}
	ret->cpu_seconds = (fields[FIELD_UTIME] + fields[FIELD_STIME]) / ticks;
	ret->virtual_bytes = fields[FIELD_VSIZE];
	ret->resident_bytes = fields[FIELD_RSS] * (double)getpagesize();
	ret->start_time = clock_seconds(CLOCK_REALTIME) -
			  clock_seconds(CLOCK_BOOTTIME) +
			  fields[FIELD_START] / ticks;
}

static double count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	double count = 0;

	if (!dir)
		return 0;
	for (const struct dirent *entry; (entry = readdir(dir));)
		count += entry->d_name[0] != '.';
	closedir(dir);
	return count - 1; /* the one that reads them */
}

void process_facts(struct process_facts *ret)
{
	struct rlimit limit;

	*ret = (struct process_facts){ 0 };
	read_stat(ret);
	ret->open_fds = count_fds();
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
		ret->max_fds = (double)limit.rlim_cur;
}

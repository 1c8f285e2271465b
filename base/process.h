/* What the kernel says about this process. */
#ifndef BASE_PROCESS_H
#define BASE_PROCESS_H

/* What can't be learned is 0. */
struct process_facts {
	double cpu_seconds; /* user and system */
	double open_fds, max_fds;
	double resident_bytes, virtual_bytes;
	double start_time; /* Unix time, seconds */
};

void process_facts(struct process_facts *ret);

#endif

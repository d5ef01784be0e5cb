/* A wall clock that a test moves while the processes that read it run.

   Preloaded into a process (LD_PRELOAD), it adds an offset to every reading of the wall clock. The
   offset is the first eight bytes, in nanoseconds, of the file that CLOCK_FILE names. The monotonic
   clock, by which processes wait, stays as it is; who waits for a moment of the wall clock waits
   for as long as that is away. See clock.py. */

#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define SECOND 1000000000LL

/* In seconds. A condition waits for a moment of the one clock or the other, and no machine has been
   up for thirty years. */
#define LAST_OF_MONOTONIC_CLOCK 1000000000LL

static const int64_t none = 0;
static const volatile int64_t *offset = &none;

__attribute__((constructor)) static void read_offset(void) {
  const char *name = getenv("CLOCK_FILE");
  int file = name ? open(name, O_RDONLY | O_CLOEXEC) : -1;
  if (file < 0)
    return;
  void *page = mmap(NULL, sizeof(int64_t), PROT_READ, MAP_SHARED, file, 0);
  close(file);
  if (page != MAP_FAILED)
    offset = page;
}

static struct timespec moved(struct timespec moment, int64_t by) {
  int64_t fraction = moment.tv_nsec + by % SECOND;
  int64_t carry = fraction < 0 ? -1 : fraction >= SECOND;
  moment.tv_sec += by / SECOND + carry;
  moment.tv_nsec = fraction - carry * SECOND;
  return moment;
}

static struct timespec now(void) {
  struct timespec moment;
  clock_gettime(CLOCK_REALTIME, &moment);
  return moment;
}

int clock_gettime(clockid_t clock, struct timespec *moment) {
  long failed = syscall(SYS_clock_gettime, clock, moment);
  if (!failed && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
    *moment = moved(*moment, *offset);
  return (int)failed;
}

int gettimeofday(struct timeval *restrict moment, void *restrict zone) {
  (void)zone;
  struct timespec exact = now();
  *moment = (struct timeval){exact.tv_sec, exact.tv_nsec / 1000};
  return 0;
}

time_t time(time_t *seconds) {
  time_t moment = now().tv_sec;
  if (seconds)
    *seconds = moment;
  return moment;
}

int timespec_get(struct timespec *moment, int base) {
  if (base != TIME_UTC)
    return 0;
  *moment = now();
  return base;
}

int sem_timedwait(sem_t *restrict semaphore, const struct timespec *restrict until) {
  struct timespec real = moved(*until, -*offset);
  return sem_clockwait(semaphore, CLOCK_REALTIME, &real);
}

int pthread_cond_timedwait(pthread_cond_t *restrict condition, pthread_mutex_t *restrict mutex,
                           const struct timespec *restrict until) {
  if (until->tv_sec < LAST_OF_MONOTONIC_CLOCK)
    return pthread_cond_clockwait(condition, mutex, CLOCK_MONOTONIC, until);
  struct timespec real = moved(*until, -*offset);
  return pthread_cond_clockwait(condition, mutex, CLOCK_REALTIME, &real);
}

#include "hashing.h"

#include <stdlib.h>
#include <unistd.h>

#include "alloc.h"
#include "gate.h"

enum { HASHES_PER_CPU = 2 };

struct hashing {
    struct gate *gate;
};

struct hashing *
hashing_create(void)
{
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    struct hashing *hashing = xcalloc(1, sizeof *hashing);
    hashing->gate = gate_create(HASHES_PER_CPU * (cpus > 0 ? (unsigned)cpus : 1), 0);
    return hashing;
}

void
hashing_free(struct hashing *hashing)
{
    if (hashing == NULL)
        return;
    gate_free(hashing->gate);
    free(hashing);
}

enum password_answer
hashing_verify(struct hashing *hashing, const struct hashed *stored, const struct secret *password,
               struct deadline deadline, struct err *err)
{
    if (stored_check(stored->value, stored->length, stored->bare, err) != 0)
        return PASSWORD_CANNOT_TELL;
    if (deadline_is_over(deadline)) {
        err_set(err, "no time was left to check the password");
        return PASSWORD_CANNOT_TELL;
    }
    bool is_slow = stored_is_slow(stored->value, stored->length, stored->bare);
    struct gate_pass pass;
    if (is_slow && gate_enter(hashing->gate, deadline, &pass, NULL) != 0) {
        err_set(err, "too many passwords are being checked at once");
        return PASSWORD_CANNOT_TELL;
    }
    enum password_answer answer =
        stored_verify(stored->value, stored->length, stored->bare, password);
    if (is_slow)
        gate_leave(hashing->gate, &pass, GATE_NO_EVIDENCE);
    if (answer == PASSWORD_CANNOT_TELL)
        err_set(err, "it cannot be verified on this machine");
    return answer;
}

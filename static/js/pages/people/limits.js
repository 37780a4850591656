import { t } from "../../lib/messages.js";

/** Read a limit from a field; an empty one is none. @param {FormDataEntryValue | null} value */
export function limitOf(value) {
  return value === null || value === "" ? null : Number(value);
}

/**
 * Say what somebody, or a key, may submit; nothing where there is no limit.
 *
 * @param {{hours_per_day: number | null, jobs_at_once: number | null}} limits
 */
export function limitsOf({ hours_per_day: hours, jobs_at_once: jobs }) {
  return [
    ...(hours === null ? [] : [t("{hours} hours per day", { hours })]),
    ...(jobs === null ? [] : [t("{count} recordings at once", { count: jobs })]),
  ];
}

/** The error for content that no intact register has, which the database itself may take for good. */
export class DamageError extends Error {}

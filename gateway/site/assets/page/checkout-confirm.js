// To be written.
export {};

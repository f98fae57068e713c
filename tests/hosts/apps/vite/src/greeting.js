export const greeting = () => "Welcome";

export const heading = () => "Basket";

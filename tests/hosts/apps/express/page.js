module.exports = () => "<h1>Basket</h1>\n";

document.title = "Shop, built";

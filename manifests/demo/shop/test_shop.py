import shop


def test_the_greeting_names_the_guest():
    assert shop.greeting("Ada") == "Hello, Ada!"


def test_the_price_grows_with_the_units():
    assert shop.price(3, {"currency": "EUR"}) == "15.00 EUR"


def test_a_complete_configuration_is_no_problem():
    assert shop.problem({key: "set" for key in shop.REQUIRED}) == ""


def test_a_missing_setting_is_named():
    assert shop.REQUIRED[0] in shop.problem({})

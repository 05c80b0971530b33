"""A host says how she is paid, on the smallest phone and without JavaScript."""

from playwright.sync_api import expect


def test_a_host_says_how_she_is_paid_on_a_small_phone_without_javascript(sign_in, site):
    page = sign_in("Mira", viewport={"width": 320, "height": 640}, java_script_enabled=False, color_scheme="dark")
    page.goto("/studio/earnings/")
    expect(page.get_by_text("Of 100 credits you get 70")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 320

    page.get_by_role("link", name="Say how you are paid").click()
    page.fill("main input[name=password]", site.logins["Mira"][1])  # once more, before anything is shown
    page.click("main form button[type=submit]")
    page.get_by_label("Legal name").fill("Mira Example")
    page.get_by_label("Address").fill("1 rue de l’Exemple\nL-1000 Luxembourg")
    page.get_by_label("Country").select_option("LU")
    page.get_by_label("Date of birth").fill("1990-02-03")
    page.get_by_label("Tax identification number").fill("1990 0203 12345")
    page.get_by_label("IBAN").fill("LU28 0019 4006 4475 0001")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("This is no IBAN")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 320

    page.get_by_label("IBAN").fill("LU28 0019 4006 4475 0000")
    page.get_by_role("button", name="Save").click()
    expect(page).to_have_url(f"{site.url}/studio/earnings/")
    expect(page.get_by_role("link", name="Change how you are paid")).to_be_visible()

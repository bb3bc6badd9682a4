import tests.web.test_web as w
from tests.web.test_web import browser, page, order
def test_zz(page, plant, order):
    page.goto(f"/cells/{w.CELL}"); page.wait_for_timeout(4000)
    page.set_viewport_size({"width":1280,"height":3800}); page.wait_for_timeout(1500); page.screenshot(path="/tmp/shots/t_cellfull.png")
    page.set_viewport_size({"width":1280,"height":800}); page.goto("/"); page.wait_for_timeout(3000)
    page.route("**/acknowledge", lambda route: route.abort())
    page.get_by_role("button", name="Acknowledge").click(); page.wait_for_timeout(700); page.screenshot(path="/tmp/shots/t_pending.png")
    page.wait_for_timeout(6000); page.locator(".alarm-banner-words").click(); page.screenshot(path="/tmp/shots/t_failed.png")

"""What the page does, as somebody before it sees it. The first parameter of a test says which store it begins with."""

import json
import re
import urllib.request
from datetime import datetime, timedelta, timezone
from urllib.parse import quote

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from served import ROOT

VIEWS = ["", "?view=kpi&kpi=heat&usual=7d&before=1w", "?view=explore&q=" + quote("SELECT max(temperature) AS high FROM weather GROUP BY city"),
         "?view=ledger", "?view=operation", "?view=wall"]
LOADED = {"": ".card .figure", "kpi": ".chart canvas", "explore": "table.data", "ledger": ".empty", "operation": ".total .figure", "wall": ".wall-figure"}


def opened(visit, query, page=None):
    """A view with its data."""
    page = page or visit.page
    page.goto(visit.served.url + "/" + query)
    name = re.search(r"view=(\w+)", query)
    page.locator(LOADED[name[1] if name else ""]).first.wait_for()
    return page


def ago(**length):
    return (datetime.now(timezone.utc) - timedelta(**length)).strftime("%Y-%m-%dT%H:%M:%SZ")


def pump(pressure, event_id, device="pump-1", **length):
    return {"event_id": event_id, "device_id": device, "timestamp": ago(**length), "pressure": pressure}


def define_load(served):
    served.query("DEFINE KPI load AS avg(pressure) AS mean, count(*) AS n FROM pumps GROUP BY device_id EVERY 1m")


def test_overview_shows_the_data(weather):
    page = opened(weather, "")
    card = page.locator(".card", has=page.get_by_role("heading", name="heat"))
    expect(card).to_contain_text("JFK")
    expect(card).to_contain_text("Newark")
    expect(page.get_by_role("table", name="Streams")).to_contain_text("26,115")
    expect(page.get_by_role("button", name="The time")).to_have_count(2)
    card.click()
    expect(page).to_have_url(re.compile("view=kpi&kpi=heat"))
    page.locator(".chart canvas").wait_for()


def test_empty_store_shows_how_to_begin(empty):
    page = empty.open()
    expect(page.get_by_role("heading", name="Welcome")).to_be_visible()
    commands = [page.get_by_label("Command: Send a document").inner_text(), page.get_by_label("Command: Define a KPI").inner_text()]
    for command in commands:
        path, body = re.fullmatch(r"curl http://127\.0\.0\.1:\d+(\S+) -d '(.*)'", command).groups()
        empty.served.post(path, body)
    expect(page.get_by_role("heading", name="load")).to_be_visible()
    expect(page.locator(".card .figure")).to_have_text("4.20")


def test_news_come_without_a_reload(empty):
    empty.served.send(pump(4.0, "a", seconds=20))
    define_load(empty.served)
    page = empty.open("?view=kpi&kpi=load&range=1h")
    rows = page.get_by_role("table", name="Rows of load")
    expect(rows).to_contain_text("pump-1")
    empty.served.send(pump(9.5, "b", "pump-2", seconds=10))
    expect(rows).to_contain_text("pump-2")
    expect(rows).to_contain_text("9.500")
    page.get_by_role("button", name="Live").click()
    expect(page).to_have_url(re.compile("live=off"))
    empty.served.send(pump(2.5, "c", "pump-3", seconds=5))
    page.wait_for_timeout(4000)
    expect(rows).not_to_contain_text("pump-3")
    page.get_by_role("button", name="Paused").click()
    expect(rows).to_contain_text("pump-3")


def test_time_is_chosen_and_taken_back(weather):
    page = opened(weather, "?view=kpi&kpi=heat")
    page.keyboard.press("r")
    page.get_by_role("button", name="24 hours").click()
    expect(page).to_have_url(re.compile("range=24h"))
    page.locator(".chart canvas").wait_for()
    page.wait_for_timeout(1500)
    over = page.locator(".u-over").bounding_box()
    page.mouse.move(over["x"] + over["width"] * 0.25, over["y"] + 60)
    page.mouse.down()
    page.mouse.move(over["x"] + over["width"] * 0.5, over["y"] + 80, steps=5)
    page.mouse.up()
    expect(page).to_have_url(re.compile("since=2013-12-.*until=2013-12-"))
    page.go_back()
    expect(page).to_have_url(re.compile("range=24h"))
    page.keyboard.press("[")
    expect(page).to_have_url(re.compile("since=2013-12-28T23.*until=2013-12-29T23"))


def test_an_hour_that_clocks_showed_twice(weather):
    page = opened(weather, "?view=kpi&kpi=heat&since=2013-11-03T04:00:00Z&until=2013-11-03T08:00:00Z&group=" + quote('["JFK"]'))
    times = page.get_by_role("table", name="Rows of heat").locator("tbody tr td:first-child").all_inner_texts()
    assert times == ["3 Nov 2013 02:00", "3 Nov 2013 01:00", "3 Nov 2013 01:00"], times


def test_a_fault_is_marked_where_it_is(weather):
    page = weather.open("?view=explore&q=" + quote("SELECT avg(temperatur) FROM weather"))
    weather.allow("400 (Bad Request)")
    expect(page.locator(".error-mark")).to_have_text("temperatur")
    expect(page.get_by_role("alert")).to_contain_text("1:12 weather has no field temperatur")
    expect(page.get_by_role("alert")).to_contain_text("did you mean temperature?")


def test_words_are_completed(weather):
    page = weather.open("?view=explore")
    page.locator(".CodeMirror").click()
    page.keyboard.press("Control+a")
    page.keyboard.type("SELECT max(temper")
    hint = page.locator(".CodeMirror-hint")
    expect(hint.first).to_be_visible()
    page.keyboard.press("Control+a")
    page.keyboard.type("SELECT count(*) AS n FROM weat")
    expect(page.locator(".CodeMirror-hint").first).to_contain_text("weather")
    page.keyboard.press("Enter")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("table", name="Answer")).to_contain_text("26,115")
    expect(page).to_have_url(re.compile("q=SELECT"))


def test_parameters_are_asked_for(weather):
    page = weather.open("?view=explore&param.city=JFK&q=" + quote("SELECT count(*) AS n FROM weather WHERE city = $city AND temperature > $low"))
    page.get_by_label("$low").fill("-100")
    page.get_by_role("button", name="Run").click()
    expect(page.get_by_role("table", name="Answer")).to_contain_text("8,706")


def test_statements_that_change_run_on_demand_alone(weather):
    text = "DEFINE KPI rain AS sum(rainfall) AS mm FROM weather GROUP BY city EVERY 1d"
    page = weather.open("?view=explore&q=" + quote(text))
    page.locator(".CodeMirror").wait_for()
    page.wait_for_timeout(1000)
    assert b'"rain"' not in urllib.request.urlopen(weather.served.url + "/v1/kpis").read()
    page.get_by_role("button", name="Run").click()
    expect(page.get_by_text("KPI rain version 1 is defined")).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Overview", exact=True).click()
    expect(page.get_by_role("heading", name="rain")).to_be_visible()


def test_csv_is_the_answer_of_the_server(weather):
    text = "SELECT avg(temperature) AS mean FROM weather GROUP BY city EVERY 1d SINCE '2013-07-01' UNTIL '2013-07-05'"
    page = weather.open("?view=explore&q=" + quote(text))
    page.get_by_role("table", name="Answer").wait_for()
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV").click()
    asked = {"query": text, "format": "csv", "time_zone": "America/New_York"}
    expected = weather.served.post("/v1/query", json.dumps(asked), **{"Content-Type": "application/json"})
    assert download.value.path().read_bytes() == expected
    page = opened(weather, "?view=kpi&kpi=heat&since=2013-07-01T04:00:00Z&until=2013-07-02T04:00:00Z")
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV").click()
    expected = weather.served.query("SELECT *, revision FROM heat SINCE '2013-07-01T04:00:00.000Z' UNTIL '2013-07-02T04:00:00.000Z' WHOLE BUCKETS", "csv")
    assert download.value.path().read_bytes() == expected
    with page.expect_download() as download:
        page.get_by_role("button", name="PNG").click()
    assert download.value.path().read_bytes().startswith(b"\x89PNG")


def test_who_has_the_address_sees_the_same(weather):
    page = opened(weather, "?view=kpi&kpi=heat&since=2013-07-01T00:00:00Z&until=2013-07-08T00:00:00Z")
    page.get_by_label("Value").select_option("wind")
    page.get_by_role("button", name="Newark").first.click()
    page.get_by_label("Usual").select_option("24h")
    page.locator(".legend", has_text="usual of Newark").wait_for()
    legend = page.locator(".legend").inner_text()
    other = opened(weather, page.url.split("/", 3)[3], weather.visitor())
    expect(other.locator(".legend")).to_have_text(legend, use_inner_text=True)
    expect(other.get_by_label("Value")).to_have_value("wind")


def test_why_a_number(weather):
    page = opened(weather, "?view=kpi&kpi=heat&since=2013-07-04T12:00:00Z&until=2013-07-04T13:00:00Z")
    page.get_by_role("table", name="Rows of heat").get_by_role("row", name="JFK").press("Enter")
    box = page.get_by_role("dialog", name="Why this number")
    expect(box).to_contain_text("heat version 1")
    expect(box).to_contain_text('"temperature":26.1,"humidity":84.58')
    page.keyboard.press("Escape")
    expect(box).to_have_count(0)


def test_a_server_that_comes_back(empty):
    empty.served.send(pump(4.0, "a", seconds=20))
    define_load(empty.served)
    page = opened(empty, "?view=kpi&kpi=load&range=1h")
    empty.allow("ERR_CONNECTION_REFUSED", "ERR_INCOMPLETE_CHUNKED_ENCODING", "ERR_EMPTY_RESPONSE", "ERR_CONNECTION_RESET")
    empty.served.stop()
    banner = page.get_by_text("The server does not answer")
    expect(banner).to_be_visible()
    empty.served.start()
    expect(banner).to_be_hidden()
    empty.served.send(pump(7.5, "b", "pump-2", seconds=5))
    expect(page.get_by_role("table", name="Rows of load")).to_contain_text("pump-2")


def test_a_token_is_asked_for(empty):
    empty.served.send(pump(4.0, "a", seconds=20))
    token = empty.served.run("token", "create", "--data", empty.served.data, "--role", "reader", "--name", "screen").strip()
    empty.allow("401 (Unauthorized)")
    empty.page.wait_for_timeout(300)
    page = empty.open()
    page.locator("#token").fill("nilo_wrong")
    page.get_by_role("button", name="Open").click()
    expect(page.get_by_role("dialog")).to_contain_text("not known here")
    page.locator("#token").fill(token)
    page.get_by_role("button", name="Open").click()
    expect(page.get_by_role("table", name="Streams")).to_contain_text("pumps")
    page.reload()
    expect(page.get_by_role("table", name="Streams")).to_contain_text("pumps")
    assert page.evaluate("localStorage.length + document.cookie.length") == 0


def test_keys_alone(weather):
    page = opened(weather, "")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="To the content")).to_be_focused()
    seen = set()
    for _ in range(24):
        page.keyboard.press("Tab")
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none", page.evaluate("document.activeElement.outerHTML.slice(0, 200)")
        seen.add(page.evaluate("document.activeElement.textContent.trim().slice(0, 40)"))
    assert any(text.startswith("heat") for text in seen), seen
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    page.keyboard.press("k")
    page.locator(".chart").focus()
    page.keyboard.press("ArrowLeft")
    expect(page.locator(".tip")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name="Why this number")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("w")
    page.locator(".wall-figure").wait_for()
    page.keyboard.press("Escape")
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()


def test_words_in_names_and_texts_are_no_clauses(empty):
    empty.served.send({**pump(4.0, "a", seconds=20), "every": 3, "note": "x"})
    empty.served.query("""DEFINE KPI odd AS count(* WHERE note != 'a FROM b GROUP BY c EVERY 1h') AS "GROUP BY", avg("every") AS "a AS b"
      FROM pumps WHERE note != 'EVERY 1h' AND "every" > 1 GROUP BY device_id AS "from" EVERY 1m""")
    page = opened(empty, "?range=1h")
    card = page.locator(".card", has=page.get_by_role("heading", name="odd"))
    expect(card.locator(".figure")).to_have_text("1")
    expect(card).to_contain_text("a AS b")
    card.click()
    expect(page.get_by_role("table", name="Rows of odd")).to_contain_text("pump-1")


def test_a_kpi_that_comes_later(empty):
    empty.served.send(pump(4.0, "a", seconds=20))
    page = empty.open("?view=kpi&kpi=load&range=1h")
    expect(page.get_by_text("There is no KPI load")).to_be_visible()
    define_load(empty.served)
    expect(page.get_by_role("table", name="Rows of load")).to_contain_text("pump-1")


def test_operation_lists_what_is_defined(weather):
    for statement in ("DEFINE SINK rows FROM heat INTO stream('heat_rows')",
                      "DEFINE SCHEDULE daily CRON '5 0 * * *' AS SELECT max(temperature) AS high FROM weather INTO stream('days')",
                      "DEFINE ALERT hot ON SELECT max(temperature) AS high FROM weather EVERY 1h HAVING high > 35 NOTIFY webhook('https://example.com/a')"):
        weather.served.query(statement)
    page = opened(weather, "?view=operation")
    expect(page.get_by_role("table", name="Sinks")).to_contain_text("heat_rows")
    expect(page.get_by_role("table", name="Schedules")).to_contain_text("5 0 * * *")
    expect(page.get_by_role("table", name="Alerts")).to_contain_text("not judged yet")
    expect(page.get_by_role("table", name="Versions")).to_contain_text("heat")
    expect(page.get_by_role("table", name="Changes")).to_contain_text("DEFINE SINK rows")
    expect(page.get_by_text("None is defined: programs send their events here.")).to_be_visible()


def test_what_one_looks_at_stays_when_more_comes(empty):
    empty.served.send(*(pump(float(index), f"e{index}", f"pump-{index}", seconds=120) for index in range(60)))
    define_load(empty.served)
    page = opened(empty, "?view=kpi&kpi=load&range=1h&item=n")
    groups = page.get_by_role("region", name="Groups")
    groups.get_by_role("button", name="mean").click()
    groups.evaluate("box => { box.scrollTop = 300 }")
    page.get_by_label("Add a group").fill("pump-1")
    empty.served.send(pump(500.0, "late", "pump-99", seconds=1))
    expect(page.locator(".legend")).to_contain_text("all together")
    expect(page.get_by_text("Groups (61)")).to_be_visible()
    assert groups.evaluate("box => box.scrollTop") == 300
    expect(groups.get_by_role("columnheader", name="mean")).to_have_attribute("aria-sort", "descending")


def test_narrow_screens(weather):
    for query in VIEWS:
        page = opened(weather, query)
        page.wait_for_timeout(300)
        wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, f"{query or 'overview'} is {wide} px wider than the screen"


test_narrow_screens.options = {"viewport": {"width": 320, "height": 640}}


def test_dark_and_light(weather):
    page = opened(weather, "")
    ground = "getComputedStyle(document.documentElement).backgroundColor"
    assert page.evaluate(ground) == "rgb(15, 20, 22)"
    page.get_by_role("button", name="Light colours").click()
    assert page.evaluate(ground) == "rgb(246, 245, 242)"
    page.reload()
    assert page.evaluate(ground) == "rgb(246, 245, 242)"


test_dark_and_light.options = {"color_scheme": "dark"}


def grave_faults(page):
    """Of a page that has come to rest."""
    page.wait_for_timeout(300)
    found = Axe().run(page).response["violations"]
    return [f"{fault['id']}: {fault['nodes'][0]['html'][:160]}" for fault in found if fault["impact"] in ("serious", "critical")]


def test_axe_finds_nothing(weather):
    for scheme in ("light", "dark"):
        page = weather.visitor(color_scheme=scheme, reduced_motion="reduce")
        for query in VIEWS:
            opened(weather, query, page)
            faults = grave_faults(page)
            assert not faults, f"{query or 'overview'}, {scheme}: " + "\n".join(faults)
        opened(weather, "?view=kpi&kpi=heat", page)
        for key, name in (("?", "Keys"), ("r", "Time")):
            page.keyboard.press(key)
            page.get_by_role("dialog", name=name).wait_for()
            faults = grave_faults(page)
            assert not faults, f"{name}, {scheme}: " + "\n".join(faults)
            page.keyboard.press("Escape")
        page.get_by_role("table", name="Rows of heat").get_by_role("row", name="JFK").first.press("Enter")
        page.get_by_role("dialog").get_by_text("heat version 1").wait_for()
        faults = grave_faults(page)
        assert not faults, f"why, {scheme}: " + "\n".join(faults)


def test_long_answers_scroll(weather):
    page = weather.open("?view=explore&q=" + quote("SELECT city, temperature FROM weather LIMIT 26000"))
    box = page.get_by_role("region", name="Answer")
    box.wait_for()
    assert box.locator("tr").count() < 100
    box.evaluate("box => { box.scrollTop = box.scrollHeight }")
    expect(box.locator("tr[aria-rowindex='26001']")).to_be_visible()
    assert box.locator("tr").count() < 100
    box.get_by_role("button", name="temperature").click()
    expect(box.locator("tr[aria-rowindex='2']")).to_contain_text("37.80")


def test_texts_of_devices_are_texts(empty):
    name = "<img src=x onerror=alert(1)><b>pump</b>"
    empty.served.send(pump(4.0, "a", name, seconds=20))
    define_load(empty.served)
    page = opened(empty, "?view=kpi&kpi=load&range=1h")
    expect(page.get_by_role("table", name="Rows of load")).to_contain_text(name)
    for query in ("", "?view=explore&q=" + quote("SELECT * FROM pumps LIMIT 1"), "?view=ledger"):
        empty.open(query)
        page.wait_for_timeout(500)
        assert page.locator("img").count() == 0


def test_without_the_programs_of_others(weather):
    page = weather.page
    weather.allow("404", "ERR_FAILED", "net::ERR")
    page.route("**/page/vendor/*", lambda route: route.abort())
    page.goto(weather.served.url + "/?view=kpi&kpi=heat")
    expect(page.get_by_text("Charts need uPlot")).to_be_visible()
    expect(page.get_by_role("table", name="Rows of heat")).to_contain_text("JFK")
    page.goto(weather.served.url + "/?view=explore")
    page.get_by_role("textbox", name="Statement").fill("SELECT count(*) AS n FROM weather")
    page.get_by_role("button", name="Run").click()
    expect(page.get_by_role("table", name="Answer")).to_contain_text("26,115")


def test_our_own_code_is_small(empty):
    files = [file for file in (ROOT / "Sources/Server/Page/assets").rglob("*") if file.is_file()]
    assert sum(file.stat().st_size for file in files) <= 200 * 1024
    for file in files:
        path = f"/page/{file.parent.name}/{file.name}" if file.name != "index.html" else "/"
        request = urllib.request.Request(empty.served.url + path, headers={"Accept": "text/html"})
        assert urllib.request.urlopen(request).read() == file.read_bytes(), path
    assert not [file.name for file in files if file.suffix == ".js" and re.search(r"\.(innerHTML|outerHTML|insertAdjacentHTML)\b|\beval\(", file.read_text())]


def test_words_are_those_of_the_grammar(empty):
    groups = re.findall(r"\[(\w+)\]\n(.*?)(?=\n#|\n\[|\Z)", (ROOT / "grammar/keywords.txt").read_text(), re.DOTALL)
    words = urllib.request.urlopen(empty.served.url + "/page/data/words.js").read().decode()
    known = {name: text.split() for name, text in re.findall(r"export const (\w+) = '(.*?)'\.split", words)}
    for name, text in groups:
        if name != "units":
            assert sorted(known[name]) == sorted(text.split()), name


def test_units_and_targets(empty):
    empty.served.send(pump(4.0, "a", minutes=30))
    define_load(empty.served)
    empty.served.query("ALTER KPI load UNIT 'bar' TARGET 5 BETWEEN 3.5 AND 6 HIGHER IS BETTER")
    page = empty.open("?range=1h")
    card = page.locator(".card")
    expect(card.locator(".figure")).to_contain_text("bar")
    expect(card.locator(".gauge")).to_have_text("near the target, target at least 5\u00a0bar, 3.5 to 6")
    empty.served.query("ALTER KPI load TARGET 4 NO BETTER")
    expect(card.locator(".gauge")).to_have_text("target 4\u00a0bar", timeout=15_000)
    page.goto(empty.served.url + "/?view=kpi&kpi=load&range=1h")
    expect(page.locator(".legend")).to_contain_text("target 4\u00a0bar")
    page.goto(empty.served.url + "/?view=wall&range=1h")
    expect(page.locator(".wall-figure")).to_contain_text("bar")


def test_shifts(weather):
    # The last final hour ends at 17:00 in New York, three hours into its shift: against three hours of the one before.
    page = opened(weather, "?view=wall")
    expect(page.locator(".wall-facts .change")).to_have_text("▼ −70.1 % on the shift before")
    page.goto(weather.served.url + "/?view=kpi&kpi=heat")
    page.locator(".picker .range").click()
    page.get_by_role("button", name="Shift before, 06:00–14:00").click()
    expect(page).to_have_url(re.compile(r"since=2013-12-30T11%3A00%3A00.000Z&until=2013-12-30T19%3A00%3A00.000Z"))


test_shifts.settings = {"NILO_PAGE_SHIFTS": "06-14, 14-22, 22-06"}


def test_notes(empty):
    empty.served.send(pump(4.0, "a", minutes=30))
    define_load(empty.served)
    page = empty.open("?view=kpi&kpi=load&range=1h")
    page.get_by_role("button", name="Note").click()
    page.get_by_label("What happened").fill("<b>valve</b> changed")
    page.get_by_role("button", name="Write").click()
    notes = page.locator(".notes li")
    expect(notes).to_contain_text("<b>valve</b> changed")
    expect(page.locator("dialog")).to_have_count(0)
    page.get_by_role("button", name="Withdraw the note").click()
    expect(notes).to_have_count(0)

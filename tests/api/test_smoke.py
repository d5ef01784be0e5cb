async def test_smoke(site):
    r = await site.send({"page": "/a", "user_agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36", "visitor_id": 1})
    assert r["accepted"] == 1
    a = await site.ask("pages")
    assert a["rows"][0]["page"] == "/a"

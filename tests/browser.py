"""Headless Chromium, spoken to over its DevTools protocol: type, and count the pixels of a colour."""

import asyncio
import itertools
import json
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiohttp

_COUNT = """
new Promise(resolve => {{
  const image = new Image();
  image.onload = () => {{
    const canvas = new OffscreenCanvas(image.width, image.height), pen = canvas.getContext("2d");
    pen.drawImage(image, 0, 0);
    const data = pen.getImageData(0, 0, image.width, image.height).data;
    let count = 0;
    for (let i = 0; i < data.length; i += 4)
      count += Math.abs(data[i] - {0}) + Math.abs(data[i + 1] - {1}) + Math.abs(data[i + 2] - {2}) < 24;
    resolve(count);
  }};
  image.src = "data:image/png;base64,{3}";
}})
"""


class Browser:
    """One page, open at `address`."""

    def __init__(self, program: str, folder: Path, address: str) -> None:
        self._folder = folder
        options = ["--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0", "--window-size=1400,900"]
        arguments = [program, *options, f"--user-data-dir={folder}", address]
        self._process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self._numbers = itertools.count(1)

    async def __aenter__(self) -> Self:
        self._http = aiohttp.ClientSession()
        port = await self._port()
        while True:
            async with self._http.get(f"http://127.0.0.1:{port}/json") as response:
                pages = [page for page in await response.json() if page["type"] == "page"]
            if pages:
                break
            await asyncio.sleep(0.2)
        self._socket = await self._http.ws_connect(pages[0]["webSocketDebuggerUrl"], max_msg_size=0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self._socket.close()
        await self._http.close()
        self._process.terminate()
        self._process.wait()

    async def type(self, text: str) -> None:
        """Type into the page, then Enter."""
        await self._call("Input.insertText", text=text)
        for kind in ("keyDown", "keyUp"):
            await self._call(
                "Input.dispatchKeyEvent", type=kind, key="Enter", code="Enter", text="\r", windowsVirtualKeyCode=13
            )

    async def click(self, x: int, y: int) -> None:
        """Click somewhere in the page."""
        for kind in ("mousePressed", "mouseReleased"):
            await self._call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    async def evaluate(self, script: str) -> Any:
        """The value of a script in the page."""
        reply = await self._call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        return reply["result"].get("value")

    async def pixels(self, red: int, green: int, blue: int) -> int:
        """How many pixels of the page have about this colour."""
        picture = (await self._call("Page.captureScreenshot"))["data"]
        return int(await self.evaluate(_COUNT.format(red, green, blue, picture)))

    async def _call(self, method: str, **parameters: Any) -> dict[str, Any]:
        number = next(self._numbers)
        await self._socket.send_json({"id": number, "method": method, "params": parameters})
        async for message in self._socket:
            reply = json.loads(message.data)
            if reply.get("id") == number:
                return dict(reply["result"])
        raise ConnectionError("the browser is gone")

    async def _port(self) -> int:
        while not (self._folder / "DevToolsActivePort").is_file():
            await asyncio.sleep(0.1)
        return int((self._folder / "DevToolsActivePort").read_text().splitlines()[0])

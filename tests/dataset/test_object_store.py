from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from molucid.dataset.schema import StoredSample
from molucid.dataset.shards import DatasetRoot, ShardWriter, read_dataset
from molucid.errors import InputError

Make = Callable[[int], StoredSample]


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """An S3 store in this process, with one bucket; its storage options."""
    moto_server = pytest.importorskip("moto.server", reason="moto is not installed")
    boto = pytest.importorskip("botocore.session", reason="botocore is not installed")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "made-up")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    server = moto_server.ThreadedMotoServer(port=0)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://127.0.0.1:{port}" if host == "0.0.0.0" else f"http://{host}:{port}"
    client = boto.get_session().create_client("s3", endpoint_url=url)
    client.create_bucket(Bucket="spectra")
    client.close()
    yield {"endpoint_url": url}
    server.stop()


def test_a_dataset_on_an_object_store(store: dict[str, str], stored: Make) -> None:
    root = DatasetRoot("s3://spectra/run1/samples", store)
    writer = ShardWriter(root)
    assert writer.finished() == {}
    for index in (0, 1):
        writer.write(index, [stored(3 * index + i) for i in range(3)], [])
    with pytest.raises(InputError, match="s3://spectra/run1/samples"):
        next(read_dataset(root))
    assert sorted(writer.finished()) == [0, 1]
    writer.discard_partial()
    writer.complete(writer.finished(), {})
    again = DatasetRoot("s3://spectra/run1/samples", store)
    assert [s.sample.evidence.id for s in read_dataset(again)] == [f"row{i}" for i in range(6)]
    root.write("data/part-00001.parquet", b"cut")
    with pytest.raises(InputError, match=r"s3://spectra/run1/samples/data/part-00001\.parquet"):
        list(read_dataset(again))

"""What the server keeps of a repository, and until when."""


def test_nothing_stays_of_a_repository_whose_object_was_deleted(town, world_module):
    town.start_server()
    town.git = world_module.GitServer(town.directory / "git")
    town.git.create("shop")
    tree = world_module.WorkTree(town.directory / "work", town.git, "shop")
    tree.write("index.html", "hello")
    commit = tree.push("First")
    town.apply(town.git.secret("shop-git"))

    def apply():
        town.apply_text(world_module.HERE / "cluster" / "repository.yaml", REPOSITORY_URL=town.git.url("shop"))
        world_module.wait_for("the commit to be fetched", lambda: town.get("gitrepository", "shop").get("status", {}).get(
            "artifact", {}).get("commit") == commit, 60)

    def mirrors():
        return [path.name for path in (town.data / "mirrors").iterdir()]

    apply()
    [first] = mirrors()
    town.slipway("delete", "gitrepository", "shop")
    world_module.wait_for("the mirror to be deleted", lambda: not mirrors(), 30)
    apply()
    [second] = mirrors()
    assert first != second
    # Deleted while nobody looks: the next start sees to it.
    town.server.kill()
    (town.data / "mirrors" / first).mkdir()
    town.start_server()
    world_module.wait_for("the old mirror to be deleted", lambda: mirrors() == [second], 30)

from docs.make_near_words import nearest, word_vectors
from knowledge.near_words import load_near_words


def test_the_table_is_what_the_installed_model_says() -> None:
    words, vectors = word_vectors()
    for word, near in nearest(("metro", "insurance", words[0], words[-1]), words, vectors):
        assert load_near_words().get(word, "").split() == " ".join(near).split()

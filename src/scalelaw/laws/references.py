"""Papers behind laws and constants, by arXiv number, and their BibTeX.

Papers that only one law cites are in its ``Law.references``; the table below has all other papers.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from types import MappingProxyType

from scalelaw.core.version import __version__

_NUMBER = re.compile(r"arXiv (\d{4}\.\d{4,5})")


@dataclass(frozen=True)
class Reference:
    """One paper.

    Attributes:
        authors: authors in BibTeX form.
        title: title.
        year: year of the first version.
        arxiv: arXiv number.
        letter: suffix that separates papers of one first author and year.
    """

    authors: str
    title: str
    year: int
    arxiv: str
    letter: str = ""

    @property
    def key(self) -> str:
        """The BibTeX key: first author and year, with a letter if needed."""
        return f"{self.authors.partition(',')[0].lower()}{self.year}{self.letter}"

    def bibtex(self) -> str:
        """Return the BibTeX entry."""
        return (
            f"@misc{{{self.key},\n  author = {{{self.authors}}},\n  title = {{{{{self.title}}}}},\n"
            f"  year = {{{self.year}}},\n  eprint = {{{self.arxiv}}},\n  archivePrefix = {{arXiv}}\n}}"
        )


_TABLE = (
    Reference("Kaplan, Jared and McCandlish, Sam and Henighan, Tom and others",
              "Scaling Laws for Neural Language Models", 2020, "2001.08361"),
    Reference("Henighan, Tom and Kaplan, Jared and Katz, Mor and others",
              "Scaling Laws for Autoregressive Generative Modeling", 2020, "2010.14701"),
    Reference("Hoffmann, Jordan and Borgeaud, Sebastian and Mensch, Arthur and others",
              "Training Compute-Optimal Large Language Models", 2022, "2203.15556"),
    Reference("Muennighoff, Niklas and Rush, Alexander M. and Barak, Boaz and others",
              "Scaling Data-Constrained Language Models", 2023, "2305.16264"),
    Reference("Gadre, Samir Yitzhak and Smyrnis, Georgios and Shankar, Vaishaal and others",
              "Language Models Scale Reliably with Over-Training and on Downstream Tasks", 2024, "2403.08540"),
    Reference("Besiroglu, Tamay and Erdil, Ege and Barnett, Matthew and You, Josh",
              "Chinchilla Scaling: A Replication Attempt", 2024, "2404.10102"),
    Reference("Hernandez, Danny and Kaplan, Jared and Henighan, Tom and McCandlish, Sam",
              "Scaling Laws for Transfer", 2021, "2102.01293"),
    Reference("Clark, Aidan and de las Casas, Diego and Guy, Aurelia and others",
              "Unified Scaling Laws for Routed Language Models", 2022, "2202.01169"),
    Reference("Cherti, Mehdi and Beaumont, Romain and Wightman, Ross and others",
              "Reproducible Scaling Laws for Contrastive Language-Image Learning", 2022, "2212.07143"),
    Reference("Frantar, Elias and Riquelme, Carlos and Houlsby, Neil and Alistarh, Dan and Evci, Utku",
              "Scaling Laws for Sparsely-Connected Foundation Models", 2023, "2309.08520"),
    Reference("Lin, Haowei and Huang, Baizhou and Ye, Haotian and others",
              "Selecting Large Language Model to Fine-tune via Rectified Scaling Law", 2024, "2402.02314"),
    Reference("Owen, David", "How predictable is language model benchmark performance?", 2024, "2401.04757"),
    Reference("Krajewski, Jakub and Ludziejewski, Jan and Adamczewski, Kamil and others",
              "Scaling Laws for Fine-Grained Mixture of Experts", 2024, "2402.07871"),
    Reference("Ye, Jiasheng and Liu, Peiju and Sun, Tianxiang and others",
              "Data Mixing Laws: Optimizing Data Mixtures by Predicting Language Modeling Performance", 2024,
              "2403.16952"),
    Reference("Liu, Qian and Zheng, Xiaosen and Muennighoff, Niklas and others",
              "RegMix: Data Mixture as Regression for Language Model Pre-training", 2024, "2407.01492"),
    Reference("Choshen, Leshem and Zhang, Yang and Andreas, Jacob",
              "A Hitchhiker's Guide to Scaling Law Estimation", 2024, "2410.11840"),
    Reference("Kumar, Tanishq and Ankner, Zachary and Spector, Benjamin F. and others",
              "Scaling Laws for Precision", 2024, "2411.04330"),
    Reference("Ouyang, Xu and Ge, Tao and Hartvigsen, Thomas and others",
              "Low-Bit Quantization Favors Undertrained LLMs", 2024, "2411.17691"),
    Reference("Abnar, Samira and Shah, Harshay and Busbridge, Dan and others",
              "Parameters vs FLOPs: Scaling Laws for Optimal Sparsity for Mixture-of-Experts Language Models", 2025,
              "2501.12370"),
    Reference("Ludziejewski, Jan and Pióro, Maciej and Krajewski, Jakub and others",
              "Joint MoE Scaling Laws: Mixture of Experts Can Be Memory Efficient", 2025, "2502.05172"),
    Reference("Qin, Zeyu and Dong, Qingxiu and Zhang, Xingxing and others",
              "Scaling Laws of Synthetic Data for Language Models", 2025, "2503.19551"),
    Reference("Li, Houyi and Zheng, Wenzhen and Wang, Qiufeng and others",
              "Predictable Scale: Part II, Farseer: A Refined Scaling Law in Large Language Models", 2025,
              "2506.10972", "b"),
    Reference("McLeish, Sean and Kirchenbauer, John and Miller, David Yu and others",
              "Gemstones: A Model Suite for Multi-Faceted Scaling Laws", 2025, "2502.06857"),
    Reference("Rosenfeld, Jonathan S. and Rosenfeld, Amir and Belinkov, Yonatan and Shavit, Nir",
              "A Constructive Prediction of the Generalization Error Across Scales", 2019, "1909.12673"),
    Reference("Zhai, Xiaohua and Kolesnikov, Alexander and Houlsby, Neil and Beyer, Lucas",
              "Scaling Vision Transformers", 2021, "2106.04560"),
    Reference("Alabdulmohsin, Ibrahim and Neyshabur, Behnam and Zhai, Xiaohua",
              "Revisiting Neural Scaling Laws in Language and Vision", 2022, "2209.06640"),
    Reference("Caballero, Ethan and Gupta, Kshitij and Rish, Irina and Krueger, David",
              "Broken Neural Scaling Laws", 2022, "2210.14891"),
    Reference("Alabdulmohsin, Ibrahim and Zhai, Xiaohua and Kolesnikov, Alexander and Beyer, Lucas",
              "Getting ViT in Shape: Scaling Laws for Compute-Optimal Model Design", 2023, "2305.13035"),
    Reference("Bi, Xiao and Chen, Deli and Chen, Guanting and others",
              "DeepSeek LLM: Scaling Open-Source Language Models with Longtermism", 2024, "2401.02954"),
    Reference("Su, Hui and Tian, Zhi and Shen, Xiaoyu and Cai, Xunliang",
              "Unraveling the Mystery of Scaling Laws: Part I", 2024, "2403.06563"),
    Reference("Hu, Shengding and Tu, Yuge and Han, Xu and others",
              "MiniCPM: Unveiling the Potential of Small Language Models with Scalable Training Strategies", 2024,
              "2404.06395"),
    Reference("Goyal, Sachin and Maini, Pratyush and Lipton, Zachary C. and Raghunathan, Aditi and Kolter, J. Zico",
              "Scaling Laws for Data Filtering: Data Curation Cannot be Compute Agnostic", 2024, "2404.07177"),
    Reference("Porian, Tomer and Wortsman, Mitchell and Jitsev, Jenia and Schmidt, Ludwig and Carmon, Yair",
              "Resolving Discrepancies in Compute-Optimal Scaling of Language Models", 2024, "2406.19146"),
    Reference("Tao, Chaofan and Liu, Qian and Dou, Longxu and others",
              "Scaling Laws with Vocabulary: Larger Models Deserve Larger Vocabularies", 2024, "2407.13623"),
    Reference("Grattafiori, Aaron and Dubey, Abhimanyu and Jauhri, Abhinav and others",
              "The Llama 3 Herd of Models", 2024, "2407.21783"),
    Reference("Tissue, Howe and Wang, Venus and Wang, Lu",
              "Scaling Law with Learning Rate Annealing", 2024, "2408.11029"),
    Reference("Zhang, Hanlin and Morwani, Depen and Vyas, Nikhil and others",
              "How Does Critical Batch Size Scale in Pre-training?", 2024, "2410.21676"),
    Reference("Busbridge, Dan and Shidani, Amitis and Weers, Floris and others",
              "Distillation Scaling Laws", 2025, "2502.08606"),
    Reference("Liu, Jingyuan and Su, Jianlin and Yao, Xingcheng and others",
              "Muon is Scalable for LLM Training", 2025, "2502.16982"),
    Reference("Li, Houyi and Zheng, Wenzhen and Wang, Qiufeng and others",
              "Predictable Scale: Part I, Step Law -- Optimal Hyperparameter Scaling Law in Large Language Model "
              "Pretraining", 2025, "2503.04715"),
    Reference("Zhang, Biao and Liu, Zhongtao and Cherry, Colin and Firat, Orhan",
              "When Scaling Meets LLM Finetuning: The Effect of Data, Model and Finetuning Method", 2024,
              "2402.17193", "b"),
    Reference("Ge, Ce and Ma, Zhijian and Chen, Daoyuan and others",
              "BiMix: A Bivariate Data Mixing Law for Language Model Pretraining", 2024, "2405.14908"),
    Reference("Owen, David", "How predictable is language model benchmark performance?", 2024, "2401.04757"),
    Reference("Krajewski, Jakub and Shidani, Amitis and Busbridge, Dan and Wiseman, Sam and Ramapuram, Jason",
              "Revisiting the Scaling Properties of Downstream Metrics in Large Language Model Training", 2025,
              "2512.08894"),
)  # fmt: skip

REFERENCES = MappingProxyType({work.arxiv: work for work in _TABLE})
"""arXiv number -> paper."""


def cited(text: str, carried: Iterable[Reference] = ()) -> tuple[Reference, ...]:
    """Return the papers that a text cites by arXiv number, in order, without unknown numbers.

    Args:
        text: a citation or a source of constants.
        carried: papers of the law itself, ``Law.references``, which take precedence over the table.

    Example:
        >>> [work.key for work in cited("Hoffmann et al. 2022, arXiv 2203.15556, eq. 2")]
        ['hoffmann2022']
    """
    known = {**REFERENCES, **{work.arxiv: work for work in carried}}
    return tuple(known[number] for number in arxiv_numbers(text) if number in known)


def arxiv_numbers(text: str) -> tuple[str, ...]:
    """Return the distinct arXiv numbers in a text, in order."""
    return tuple(dict.fromkeys(_NUMBER.findall(text)))


def software() -> str:
    """Return the BibTeX entry of scalelaw itself."""
    return f"@software{{scalelaw,\n  title = {{{{scalelaw}}}},\n  version = {{{__version__}}}\n}}"
